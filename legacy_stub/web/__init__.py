"""The product's user interface: pages for people, JSON for programs, CSV for spreadsheets."""
