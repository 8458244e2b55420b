"""Rules, one a file. A file's name is its strategy's; framework/workspace.py loads it by that name."""
