"""Microsoft Graph as the contract has it: held against the emulator, or the real service."""
