"""What the gate headers looks at: answers, cookies, tokens, passwords, whose rows are whose, secrets in the code."""
