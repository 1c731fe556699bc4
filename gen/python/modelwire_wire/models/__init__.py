__all__ = ['ttypes', 'constants', 'Models']
