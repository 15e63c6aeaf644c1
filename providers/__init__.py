"""How each service is spoken to: the contract, and one adapter for each kind of place."""
