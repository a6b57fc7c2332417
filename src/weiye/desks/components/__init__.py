"""The shared look: page frames, lists, forms and states that every desk is built from."""
