"""The command line: one file a verb. Only `world` touches the environment, the standard streams and signals."""
