"""The nouns everyone reads (Brand, Author, Mention, Conversation) and the only doors to them: `record`, `access`, `search`."""
