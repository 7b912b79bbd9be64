"""The browser side: pages, their states and the components they are made of."""
