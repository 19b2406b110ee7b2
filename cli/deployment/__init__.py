"""An environment in the caller's own AWS account: deployed, changed, rolled back, removed."""
