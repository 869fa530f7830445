"""`/v1/accounts`: the accounts that the runs saw, and the groups of one."""

from http import HTTPStatus

from fastapi import APIRouter

from surveillance.api.parameters import Cursor, Limit, SearchText
from surveillance.api.problems import document_problems
from surveillance.store import Store
from surveillance.store.records import AccountDetail, AccountPage


def create_accounts(store: Store) -> APIRouter:
    """Build the routes of the accounts.

    Parameters
    ----------
    store : Store
        An open store; only its reader is used.

    Returns
    -------
    APIRouter
        Routes under `/v1/accounts`.
    """
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])
    reader = store.reader

    @router.get(
        "",
        responses=document_problems(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def list_accounts(
        cursor: Cursor = None, limit: Limit = 100, text: SearchText = None
    ) -> AccountPage:
        """List accounts by id, page by page."""
        return reader.list_accounts(cursor, limit, text)

    @router.get(
        "/{account_id:id}",
        responses=document_problems(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def get_account(account_id: str) -> AccountDetail:
        """Return one account and the groups that hold it."""
        return reader.get_account(account_id)

    return router
