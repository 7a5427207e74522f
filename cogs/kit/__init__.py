"""What the features share: acknowledge and answer, buttons, permissions, words for each reason."""
