"""What the answers say: moments, estimates, intervals. Pure: arrays in, frozen results out."""
