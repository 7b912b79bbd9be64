"""From what people write to one person's message: template language, HTML, links, the process that can be killed."""
