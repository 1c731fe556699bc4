__all__ = ['ttypes', 'constants', 'Health']
