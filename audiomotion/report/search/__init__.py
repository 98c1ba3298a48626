"""What a search found, drawn; read from the record that it leaves."""
