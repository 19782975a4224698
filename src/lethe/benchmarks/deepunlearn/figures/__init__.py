"""What figures of Deep Unlearn share: names and looks of methods, axes with outliers, names beside points."""
