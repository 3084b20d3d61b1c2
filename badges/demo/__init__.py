"""An invented world that shows every corner of Rosette to somebody who has just started it.

`catalogue` describes two stores and their badges as plain data, and `icons/` holds the drawings.
Nothing here knows Django: whoever loads the demo decides how these words become rows, so the
data can be read, checked and reworded without a database.

The icons share one grammar, which a new one should follow. Each lies in a 64 by 64 box as a
coloured rim, a field set into it by two thin bands of shadow under the upper edge, and one
plain figure that still reads at 32 pixels. The rim is never near white or near black, so the
silhouette holds on light and dark pages alike. Gradient ids begin with the file's name because
several icons may be inlined in one page. Filters, text, scripts and links are left out, so the
sanitizer that guards uploads has nothing to take away.
"""
