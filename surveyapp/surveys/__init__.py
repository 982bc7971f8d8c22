"""Surveys (cuộc khảo sát): plans, states, agencies left out, published figures."""
