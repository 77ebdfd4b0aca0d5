# Empty dependencies file for fullstop_format.
# This may be replaced when dependencies are built.
