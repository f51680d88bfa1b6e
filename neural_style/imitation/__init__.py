"""Styles made from one picture in a second, without training.

Two networks of Google's project Magenta do it: Ghiasi, Lee, Kudlur, Dumoulin and Shlens, "Exploring
the structure of a real-time, arbitrary neural artistic stylization network"
(https://arxiv.org/abs/1705.06830). The style prediction network looks at a picture and describes
its style by 100 numbers. They decide the scale and the shift of each normalization of the style
transfer network, which paints. With these filled in, it is a style network like any other.

picture -> `style_picture` -> `prediction` -> `filling` -> a style file; `making` does all of it.
"""
