"""数据回流: every community gets its own people back, and what changed since last time (PPL-3).

What was handed over is remembered person by person (`ReflowSeen`); the next package is the
difference, however the change came in: a department's roster, a merge, another office's hand.
"""
