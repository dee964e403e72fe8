"""Rendered people: unlimited pairs of the same clothed person in the same place, with true joints."""
