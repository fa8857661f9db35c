"""Which messages are about the same thing: keys that copies share (`keys`), gathering a stream into stories (`gather`),
seeing that one is two (`split`), and a title in the messages' own words (`title`). Pure: numbers and texts in, stories out.
"""
