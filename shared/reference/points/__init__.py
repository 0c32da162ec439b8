"""Published points: files of the form `date,area,metric,value,source` that repeat what somebody printed somewhere.

Reading one is pure: text and the book of places in, figures, targets and problems out. Nothing is rounded, summed or
guessed; what a row does not say stays unknown.
"""
