"""The live copier: a leader's orders from topics in, follower orders out, each exactly once."""
