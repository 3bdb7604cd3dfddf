"""What the server is measured against, by dashboards and alerts alike."""

# Shares of commands and of relayed pairs, over 30 days, that may fail through the server's own fault.
MAILBOX_ERROR_BUDGET = 0.001
TRANSIT_ERROR_BUDGET = 0.005

# In which time 99 of 100 commands are to be answered.
COMMAND_SECONDS = 0.25
