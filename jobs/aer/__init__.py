"""Own circuits on Aer: simulators that stay warm, batches of points, counts and expectations."""
