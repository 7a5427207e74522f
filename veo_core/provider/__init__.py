"""The API of Ace Data Cloud: what is sent, what its answers mean, how it stands."""
