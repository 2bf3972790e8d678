"""The configuration as pydantic models: the one source of keys, units, defaults and messages.

`docs/config.md` is written from them. Nothing here loads torch.
"""
