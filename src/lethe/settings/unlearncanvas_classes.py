"""The themes and objects of the published UnlearnCanvas, in the order of the classes of its classifiers.

Source: OPTML-Group/UnlearnCanvas, ``constants/const.py``; the data set holds ten more styles, which the benchmark does not use.
"""

from __future__ import annotations

SEED_IMAGES = "Seed_Images"  # the folder of the photos, which stands among the styles
THEMES = (
    *("Abstractionism", "Artist_Sketch", "Blossom_Season", "Bricks", "Byzantine", "Cartoon", "Cold_Warm", "Color_Fantasy"),
    *("Comic_Etch", "Crayon", "Cubism", "Dadaism", "Dapple", "Defoliation", "Early_Autumn", "Expressionism", "Fauvism"),
    *("French", "Glowing_Sunset", "Gorgeous_Love", "Greenfield", "Impressionism", "Ink_Art", "Joy", "Liquid_Dreams"),
    *("Magic_Cube", "Meta_Physics", "Meteor_Shower", "Monet", "Mosaic", "Neon_Lines", "On_Fire", "Pastel"),
    *("Pencil_Drawing", "Picasso", "Pop_Art", "Red_Blue_Ink", "Rust", SEED_IMAGES, "Sketch", "Sponge_Dabbed"),
    *("Structuralism", "Superstring", "Surrealism", "Ukiyoe", "Van_Gogh", "Vibrant_Flow", "Warm_Love", "Warm_Smear"),
    *("Watercolor", "Winter"),
)
OTHER_STYLES = (
    *("Blue_Blooming", "Crypto_Punks", "Dreamweave", "Foliage_Patchwork", "Impasto", "Palette_Knife", "Pointillism"),
    *("Rainwash", "Realistic_Watercolor", "Techno"),
)
OBJECTS = (
    *("Architectures", "Bears", "Birds", "Butterfly", "Cats", "Dogs", "Fishes", "Flame", "Flowers", "Frogs", "Horses"),
    *("Human", "Jellyfish", "Rabbits", "Sandwiches", "Sea", "Statues", "Towers", "Trees", "Waterfalls"),
)
IMAGES = 20  # of each cell, numbered from 1
