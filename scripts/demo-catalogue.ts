/**
 * What the demonstration shop sells, and the words its customers are made of. Invented for this project.
 */

/** Name, price range in cents, and the options to choose from. */
export type ProductKind = {
  readonly name: string;
  readonly fromCents: number;
  readonly toCents: number;
  readonly options: { readonly [name: string]: readonly string[] };
};

const kind = (name: string, from: number, to: number, options: ProductKind["options"]): ProductKind => ({
  name,
  fromCents: from * 100,
  toCents: to * 100,
  options,
});
const COLOURS = ["graphite", "sand", "moss", "coral", "ink"];
const SIZES = ["S", "M", "L", "XL"];

export const PRODUCTS: readonly ProductKind[] = [
  kind("Rain Jacket", 80, 190, { colour: COLOURS, size: SIZES }),
  kind("Wool Sweater", 60, 140, { colour: COLOURS, size: SIZES }),
  kind("Linen Shirt", 40, 90, { colour: COLOURS, size: SIZES }),
  kind("Trail Shoes", 90, 180, { colour: COLOURS, size: ["38", "40", "42", "44"] }),
  kind("Rubber Boots", 40, 95, { colour: COLOURS, size: ["38", "40", "42", "44"] }),
  kind("Sun Hat", 20, 45, { colour: COLOURS, brim: ["narrow", "wide"] }),
  kind("Leather Belt", 25, 70, { colour: ["brown", "black"], length: ["85 cm", "95 cm", "105 cm"] }),
  kind("Canvas Bag", 30, 80, { colour: COLOURS, volume: ["12 l", "20 l"] }),
  kind("Hiking Pack", 110, 260, { colour: COLOURS, volume: ["30 l", "45 l", "60 l"] }),
  kind("Umbrella", 20, 60, { colour: COLOURS, type: ["folding", "long"] }),
  kind("Bread Knife", 30, 110, { handle: ["oak", "walnut", "steel"], length: ["20 cm", "25 cm"] }),
  kind("Iron Pan", 40, 130, { diameter: ["20 cm", "24 cm", "28 cm"], lid: ["yes", "no"] }),
  kind("Stoneware Bowl", 15, 45, { glaze: ["ash", "cobalt", "celadon"], volume: ["0.5 l", "1 l", "2 l"] }),
  kind("Moka Pot", 30, 75, { cups: ["2", "4", "6"], finish: ["polished", "matte"] }),
  kind("Pour-over Set", 35, 85, { material: ["glass", "ceramic"], cups: ["2", "4"] }),
  kind("Grain Mill", 150, 380, { stone: ["corundum", "granite"], colour: ["white", "graphite"] }),
  kind("Cutting Board", 25, 80, { wood: ["beech", "olive", "maple"], size: ["small", "large"] }),
  kind("Tea Tin", 10, 30, { colour: COLOURS, volume: ["100 g", "250 g"] }),
  kind("Preserving Jars", 15, 40, { volume: ["0.3 l", "0.5 l", "1 l"], pieces: ["6", "12"] }),
  kind("Kitchen Scale", 25, 70, { type: ["mechanical", "digital"], colour: ["white", "graphite"] }),
  kind("Reading Lamp", 60, 180, { colour: COLOURS, light: ["warm", "neutral"] }),
  kind("Floor Lamp", 120, 340, { shade: ["linen", "paper", "metal"], height: ["140 cm", "165 cm"] }),
  kind("Wool Blanket", 70, 190, { colour: COLOURS, size: ["130 x 180", "150 x 200"] }),
  kind("Feather Pillow", 30, 90, { firmness: ["soft", "medium", "firm"], size: ["40 x 80", "80 x 80"] }),
  kind("Bed Linen", 50, 160, { colour: COLOURS, size: ["single", "double"] }),
  kind("Door Mat", 20, 55, { material: ["coir", "rubber"], size: ["small", "large"] }),
  kind("Bookshelf", 160, 520, { wood: ["pine", "oak", "ash"], shelves: ["3", "5"] }),
  kind("Writing Desk", 280, 790, { wood: ["pine", "oak", "ash"], width: ["100 cm", "140 cm"] }),
  kind("Oak Table", 620, 1350, { shape: ["round", "rectangular"], seats: ["4", "6", "8"] }),
  kind("Folding Chair", 35, 95, { wood: ["beech", "teak"], colour: ["natural", "graphite"] }),
  kind("Garden Bench", 180, 460, { wood: ["teak", "acacia"], length: ["120 cm", "160 cm"] }),
  kind("Hammock", 50, 140, { colour: COLOURS, stand: ["yes", "no"] }),
  kind("Watering Can", 20, 60, { volume: ["5 l", "9 l"], colour: ["zinc", "moss"] }),
  kind("Pruning Shears", 25, 85, { type: ["bypass", "anvil"], hand: ["left", "right"] }),
  kind("Seed Box", 15, 50, { sort: ["herbs", "vegetables", "flowers"], size: ["small", "large"] }),
  kind("Bird Feeder", 15, 55, { roof: ["slate", "copper"], mount: ["pole", "hanging"] }),
  kind("City Bicycle", 480, 980, { frame: ["S", "M", "L"], gears: ["3", "8"] }),
  kind("Bicycle Pannier", 45, 130, { colour: COLOURS, side: ["left", "right", "pair"] }),
  kind("Bicycle Light", 20, 75, { place: ["front", "rear", "set"], power: ["battery", "dynamo"] }),
  kind("Two-person Tent", 190, 540, { colour: ["moss", "sand"], season: ["three", "four"] }),
  kind("Sleeping Bag", 90, 280, { warmth: ["5 °C", "0 °C", "-8 °C"], length: ["175 cm", "195 cm"] }),
  kind("Camping Stove", 35, 120, { fuel: ["gas", "spirit"], burners: ["1", "2"] }),
  kind("Binoculars", 110, 420, { power: ["8 x 32", "8 x 42", "10 x 42"], colour: ["black", "moss"] }),
  kind("Wall Clock", 30, 110, { diameter: ["25 cm", "35 cm"], colour: COLOURS }),
  kind("Kitchen Radio", 70, 210, { colour: COLOURS, power: ["mains", "battery"] }),
  kind("Turntable", 210, 690, { drive: ["belt", "direct"], finish: ["walnut", "black"] }),
];

export const FIRST_NAMES = [
  "Alba",
  "Bao",
  "Chidi",
  "Dagny",
  "Edda",
  "Farid",
  "Greta",
  "Hanne",
  "Ilja",
  "Jorun",
  "Kaito",
  "Lea",
  "Mira",
  "Nilo",
  "Oona",
  "Pavel",
  "Rosa",
  "Selim",
  "Tove",
  "Yara",
];
export const LAST_NAMES = [
  "Amari",
  "Brandt",
  "Castell",
  "Dahl",
  "Eriksen",
  "Ferro",
  "Guerra",
  "Holm",
  "Ibarra",
  "Jansen",
  "Keller",
  "Lindt",
  "Moreau",
  "Novak",
  "Orsini",
  "Petrov",
  "Quist",
  "Rossi",
  "Sauter",
  "Tanaka",
];
export const STREETS = [
  "Mill Lane",
  "Harbour Street",
  "Old Market",
  "Station Road",
  "Orchard Way",
  "Chapel Hill",
  "River Walk",
  "Linden Avenue",
  "Castle Row",
  "Weaver Street",
];
/** City, state or province, country, first digits of the postal code. */
export const CITIES_BY_REGION: { readonly [region: string]: readonly (readonly [string, string, string, string])[] } = {
  eu: [
    ["Cork", "Munster", "Ireland", "21"],
    ["Graz", "Styria", "Austria", "80"],
    ["Ghent", "Flanders", "Belgium", "90"],
    ["Aarhus", "Jutland", "Denmark", "81"],
    ["Porto", "Norte", "Portugal", "40"],
  ],
  us: [
    ["Duluth", "MN", "USA", "558"],
    ["Eugene", "OR", "USA", "974"],
    ["Ithaca", "NY", "USA", "148"],
    ["Savannah", "GA", "USA", "314"],
    ["Santa Fe", "NM", "USA", "875"],
  ],
};
