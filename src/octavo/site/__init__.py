"""What people and programs see: settings, urls, jobs, live updates, the API, templates, static files, translations."""
