"""Entering figures (nhập số liệu): forms for officers, made for a phone and one minute.

`fields` reads what was typed, `sheets` says which fields a form has, `record` what a club's log says already, `desk` takes a
form in, sends its commands and shows it again with everything typed; one module a form beside them, and the receipt. Nothing
is decided here: the clubs service decides, with the visitor's own rights.
"""
