"""What a model's changes do beside the work: looked at after each assignment, whatever the model says."""
