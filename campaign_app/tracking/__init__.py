"""What recipients do with a message: opens, clicks, unsubscribes, complaints, bounces; people told from machines."""
