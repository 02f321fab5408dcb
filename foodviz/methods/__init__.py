"""The methods: functions from tensors to tensors."""
