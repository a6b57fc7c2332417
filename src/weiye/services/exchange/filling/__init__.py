"""上级报表模板: a superior office's own workbook, filled from the ledger.

``template`` finds out what a workbook asks for, ``workbook`` fills it (pure, bytes to bytes),
``values`` says what the ledger holds, ``cells`` writes it in the template's own words.
"""
