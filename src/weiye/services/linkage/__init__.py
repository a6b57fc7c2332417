"""人员比对: who may be the same person; people decide, the engine says why it thinks so."""
