"""What nobody who fills a hole is shown: how the filled ones behave, and how they can be filled."""
