"""Files on their way to S3: whole or in parts, and never over other bytes by mistake."""
