"""Attacks on unlearned models: words or vectors beside a prompt with which what was forgotten is drawn again.

An attack knows the unlearned model, a few pictures of what it forgot that nothing was trained on, and what it may put beside the prompt. It
never changes the model. Whether it succeeds is for a judge to say, who looks at the pictures; nothing here does.
"""
