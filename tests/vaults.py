"""Hold the vaults of tests: one with a fixed key, and one that seals nothing."""

import base64

from storage.vault.sources import KeySource
from storage.vault.vault import VaultConfig, open_vault

NO_VAULT = VaultConfig(current=KeySource(text=""))
"""Be a vault without a key: whatever seals or opens with it fails."""
TEST_VAULT = VaultConfig(current=KeySource(text=base64.b64encode(bytes(32)).decode()))
VAULT = open_vault(TEST_VAULT)
