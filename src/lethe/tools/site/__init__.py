"""The documentation as a site: pages that are made from code, and how MkDocs gets them (``make docs``)."""
