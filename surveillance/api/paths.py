"""Ids in URL paths: strangers choose them, so they may hold slashes and line breaks."""

from typing import ClassVar

from starlette.convertors import Convertor, register_url_convertor


class IdConvertor(Convertor[str]):
    """Takes any text, of any length, slashes and line breaks included."""

    regex: ClassVar[str] = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Return the text as it is.

        Parameters
        ----------
        value : str
            The part of the path, percent-decoded.

        Returns
        -------
        str
            The same.
        """
        return value

    def to_string(self, value: str) -> str:
        """Return the text as it is.

        Parameters
        ----------
        value : str
            An id.

        Returns
        -------
        str
            The same.
        """
        return value


def register_id_convertor() -> None:
    """Make `{name:id}` known to routes that are declared from now on."""
    register_url_convertor("id", IdConvertor())
