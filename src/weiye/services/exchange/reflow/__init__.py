"""数据回流: every community gets its own people back."""
