"""Opens, clicks, unsubscribes, complaints and bounces; people are told apart from machines."""
