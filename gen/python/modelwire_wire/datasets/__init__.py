__all__ = ['ttypes', 'constants', 'Datasets']
