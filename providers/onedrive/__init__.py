"""OneDrive and SharePoint libraries as trees, through Microsoft Graph. See README.md."""
