__all__ = ['ttypes', 'constants', 'Training']
