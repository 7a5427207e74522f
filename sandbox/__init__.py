"""What lets anybody try, test and measure the bot without accounts: stand-ins for the services it talks to."""
