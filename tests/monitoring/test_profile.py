from fitscribe.monitoring import profile
