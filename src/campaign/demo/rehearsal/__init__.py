"""The rooms of a rehearsal: what is to go out, the stage, rate budgets, remarks, and what is told of it."""
