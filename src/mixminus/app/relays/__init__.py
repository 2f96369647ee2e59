"""ConversationRelay: from `<ConversationRelay>` to an application that reads and writes."""
