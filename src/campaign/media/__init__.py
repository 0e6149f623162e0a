"""Files: a library that names them by their digest, and pictures made safe to publish."""
